import hydra
from hydra.utils import instantiate
from omegaconf import DictConfig
from transformers import AutoModelForImageClassification


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    teacher = instantiate(cfg.teacher)
    model = AutoModelForImageClassification.from_pretrained(cfg.model.name, num_labels=cfg.model.num_labels)
    student = AutoModelForImageClassification.from_pretrained(cfg.student_name)
    print("teacher", teacher.config.model_type, "student", student.num_parameters(), model.device)


if __name__ == "__main__":
    main()
