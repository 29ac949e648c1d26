import json

import numpy as np
import triton_python_backend_utils as pb_utils
from transformers import AutoTokenizer


class TritonPythonModel:
    """Model of the ensemble "reranker/tokenize"."""

    def initialize(self, args):
        self.model_config = json.loads(args["model_config"])
        name = self.model_config["parameters"]["tokenizer"]["string_value"]
        self.tokenizer = AutoTokenizer.from_pretrained(name)

    def execute(self, requests):
        responses = []
        for request in requests:
            text = pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy()
            ids = self.tokenizer([t[0].decode() for t in text], padding=True, return_tensors="np")["input_ids"]
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("INPUT_IDS", ids.astype(np.int64))]))
        return responses
