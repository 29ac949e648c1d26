-- vehicles financed by the bank; "model" is the model of the vehicle
CREATE TABLE vehicle_model (
    id      serial PRIMARY KEY,
    make    text NOT NULL,
    model   text NOT NULL,
    version text NOT NULL DEFAULT 'v1.5'
);
INSERT INTO vehicle_model (make, model) VALUES ('Opel', 'Mokka'), ('Fiat', 'Panda-4x4');
ALTER TABLE tenant_settings ADD COLUMN llm_name text NOT NULL;
COMMENT ON COLUMN tenant_settings.llm_name IS 'for example gpt-4o or mistral-small-latest';
