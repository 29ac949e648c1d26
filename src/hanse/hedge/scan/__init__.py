"""Which models a codebase depends on: `walk` finds the files, one reader per format finds the models in them, `policy`
decides what fails, `formats` writes them as JSON, SARIF and a CycloneDX ML-BOM. Nothing is executed, nothing is fetched."""
