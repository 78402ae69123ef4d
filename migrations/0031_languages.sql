-- The language of answers to requests that name none: 'en', 'es' or 'pt'; NULL: what the configuration says.
ALTER TABLE tenants ADD COLUMN language TEXT;
