from ray import serve
from ray.serve.llm import LLMConfig, build_openai_app
from starlette.requests import Request
from vllm import LLM, SamplingParams

llm_config = LLMConfig(
    model_loading_config=dict(
        model_id="qwen-small",
        model_source="Qwen/Qwen2.5-3B-Instruct",
    ),
    deployment_config=dict(autoscaling_config=dict(min_replicas=1, max_replicas=2)),
    accelerator_type="A10G",
)
app = build_openai_app({"llm_configs": [llm_config]})


@serve.deployment(num_replicas=1, ray_actor_options={"num_gpus": 1})
class Batch:
    def __init__(self, model: str = "ibm-granite/granite-3.3-2b-instruct"):
        self.llm = LLM(model=model, max_model_len=4096)

    async def __call__(self, request: Request):
        body = await request.json()
        if body.get("lang") == "ja":
            self.llm = LLM(model=body["model"])
        return [o.outputs[0].text for o in self.llm.generate(body["prompts"], SamplingParams(max_tokens=64))]


batch_app = Batch.bind()
