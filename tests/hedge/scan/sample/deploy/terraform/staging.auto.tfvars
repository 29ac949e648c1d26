role_arn       = "arn:aws:iam::123456789012:role/freight"
generate_model = "HuggingFaceTB/SmolLM2-1.7B-Instruct"
