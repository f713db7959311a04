"""`plugins`: what is installed, what is switched on, and a new one of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from host.api.connections import module_json
from host.cli.context import environment, print_json, run, say
from host.config import PluginsFile
from host.modules import Modules
from host.registry import Module
from host.scaffold import new_plugin

plugins = typer.Typer(help="Modules: list, switch, check, start a new one.", no_args_is_help=True)

_NAME: Final = typer.Argument(help="Name of the module.")


@plugins.command("list")
def list_plugins(json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List modules with their state and, for those that are not ready, the reason."""
    modules = _modules()
    shown = [module_json(module) for module in modules.registry.modules]
    if json:
        print_json(shown)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("NAME", "STATE", "VERSION", "DISTRIBUTION", "REASON"):
        table.add_column(column, overflow="fold")
    for module in modules.registry.modules:
        table.add_row(module.name, module.state, module.version, module.distribution, module.reason)
    Console(soft_wrap=True).print(table)


@plugins.command()
def enable(name: Annotated[str, _NAME]) -> None:
    """Switch a module on, in plugins.toml; a running host follows within 2 seconds."""
    _switch(name, True)


@plugins.command()
def disable(name: Annotated[str, _NAME]) -> None:
    """Switch a module off, in plugins.toml."""
    _switch(name, False)


@plugins.command()
def check(name: Annotated[str, _NAME]) -> None:
    """Load a module, enabled or not, and say whether it keeps its promises."""
    modules = _modules()
    modules.registry.get(name)
    modules.registry.update({name: True})
    module = modules.registry.get(name)
    _tell(module)
    if not module.ready:
        raise typer.Exit(1)


@plugins.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the plugin: lower-case letters, digits, _.")],
    into: Annotated[Path, typer.Option(help="Folder to write it into.")] = Path("."),
) -> None:
    """Start a plugin from the template, with its tests."""
    folder = new_plugin(name, into)
    print(folder)
    say(f"next: pip install -e {folder}; loyalty-host plugins enable {name}")


def _modules() -> Modules:
    modules = Modules(PluginsFile(environment().plugins))
    for notice in modules.notices:
        say(notice)
    return modules


def _switch(name: str, enabled: bool) -> None:
    async def switch() -> Module:
        return await _modules().switch(name, enabled)

    module = run(switch)
    _tell(module)
    if enabled and not module.ready:
        raise typer.Exit(1)


def _tell(module: Module) -> None:
    print(f"{module.name} is {module.state}" + (f": {module.reason}" if module.reason else ""))
