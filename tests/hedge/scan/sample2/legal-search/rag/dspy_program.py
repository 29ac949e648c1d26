import os

import dspy

OLLAMA_TAG = "qwen3:14b"

teacher = dspy.LM("openai/gpt-5", max_tokens=20000, temperature=1.0)
student = dspy.LM(f"ollama_chat/{OLLAMA_TAG}", api_base="http://localhost:11434", api_key="")
critic = dspy.LM(model=os.environ["CRITIC_LM"])
dspy.configure(lm=student)

embedder = dspy.Embedder("openai/text-embedding-3-large", dimensions=512)


class ClauseType(dspy.Signature):
    """Classify a contract clause. Like gpt-4o would."""

    clause: str = dspy.InputField()
    label: str = dspy.OutputField(desc="one of liability/indemnity/term/other")


program = dspy.ChainOfThought(ClauseType)
optimizer = dspy.MIPROv2(metric=dspy.evaluate.answer_exact_match, teacher_settings=dict(lm=teacher), auto="light")
program.save("artifacts/clause_program.json")
