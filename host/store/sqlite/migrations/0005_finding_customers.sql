-- Customers are looked for by external id and by e-mail address, whatever is known of them.

CREATE INDEX external_id_by_value ON external_id (value);
CREATE INDEX customer_by_email ON customer (lower(fields ->> '$.email')) WHERE fields ->> '$.email' IS NOT NULL;
