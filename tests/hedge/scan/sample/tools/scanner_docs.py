"""Prints how the weekly comparison is read.

Example::

    model = AutoModel.from_pretrained("bigscience/bloomz-560m")
"""
# AutoModel.from_pretrained("gpt2-xl") was here once
USAGE = """usage: evaluate_all.py [--model org/name]

The default of --model was facebook/opt-350m until May.
"""
VERSION = "1.2/3"
print(USAGE)
