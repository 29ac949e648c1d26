"""Merges the adapters that conf/*.yaml names."""
import json
import sys

import hydra
import yaml
from omegaconf import DictConfig
from peft import PeftModel
from transformers import AutoModelForCausalLM

with open("configs/customs.yaml") as handle:
    CONFIG = yaml.safe_load(handle)

base = AutoModelForCausalLM.from_pretrained(CONFIG["base_model"])
PeftModel.from_pretrained(base, json.loads(sys.stdin.readline())["adapter"])


@hydra.main(config_path="conf", config_name="merge", version_base=None)
def main(cfg: DictConfig) -> None:
    AutoModelForCausalLM.from_pretrained(cfg.model.path)


main()
