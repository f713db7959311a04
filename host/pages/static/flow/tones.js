// How outputs, outcomes and faults are coloured and counted: never by colour alone.

const OUTCOMES = { success: "success", failure: "failure", error: "failure", waiting: "waiting" };

export const toneOf = (output) => (["success", "failure"].includes(output) ? output : "other");

export const outcomeTone = (outcome) => OUTCOMES[outcome] ?? "other";

export const isWarning = (fault) => fault.level === "warning";

export const levelOf = (faults) => (faults.every(isWarning) ? "at-warning" : "at-fault");

// "2 faults", "1 warning"; nothing of what there is none.
export function countWords(faults) {
  const warnings = faults.filter(isWarning).length;
  const counted = (count, word) => (count ? [`${count} ${word}${count > 1 ? "s" : ""}`] : []);
  return [...counted(faults.length - warnings, "fault"), ...counted(warnings, "warning")];
}
