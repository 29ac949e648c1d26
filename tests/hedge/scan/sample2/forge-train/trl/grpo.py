from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

POLICY = "Qwen/Qwen2.5-1.5B-Instruct"
REWARD_MODEL_ID, REWARD_REV = "Skywork/Skywork-Reward-V2-Llama-3.1-8B", "v1"

reward_model = AutoModelForSequenceClassification.from_pretrained(REWARD_MODEL_ID, revision=REWARD_REV, num_labels=1)
reward_tok = AutoTokenizer.from_pretrained(REWARD_MODEL_ID, revision=REWARD_REV)

config = GRPOConfig(
    output_dir="out/grpo-math",
    run_name="grpo/math-1.5b",
    use_vllm=True,
    num_generations=8,
    hub_model_id="forgeworks/qwen-math-grpo",
)
trainer = GRPOTrainer(
    model=POLICY,
    reward_funcs=[reward_model, "trl-lib/Qwen2-0.5B-Reward"],
    args=config,
    train_dataset=load_dataset("AI-MO/NuminaMath-TIR", split="train"),
)
trainer.train()
