import os

from crewai import LLM, Agent, Crew, Process, Task
from pydantic_ai import Agent as TypedAgent
from pydantic_ai.models.openai import OpenAIModel
from smolagents import CodeAgent, InferenceClientModel, LiteLLMModel, TransformersModel, WebSearchTool

PROVIDER = "gemini"
MODEL = "gemini-2.0-flash-lite"

planner = LLM(model="/".join([PROVIDER, MODEL]), temperature=0.2)
scout = Agent(role="Scout", goal="Find news", backstory="Curious", llm=planner)
editor = Agent(role="Editor", goal="Edit", backstory="Strict", llm="openai/gpt-5-mini")
crew = Crew(
    agents=[scout, editor],
    tasks=[Task(description="Compare gpt-4o with claude-3", expected_output="table", agent=scout)],
    process=Process.hierarchical,
    manager_llm="gpt-4.1",
)

coder = CodeAgent(tools=[WebSearchTool()], model=InferenceClientModel(model_id="Qwen/Qwen2.5-Coder-32B-Instruct"))
local = TransformersModel("HuggingFaceTB/SmolLM3-3B", device_map="auto")
proxy = LiteLLMModel(model_id=os.getenv("AGENT_MODEL"))

typed = TypedAgent("mistral:mistral-small-latest", system_prompt="Be brief. You are not openai:gpt-4o.")
typed_openai = TypedAgent(OpenAIModel("gpt-4.1-mini"))


@typed.tool_plain
def search(query: str, engine: str = "duck/duck-go") -> str:
    return query


def answer(question: str, models: list[str] | None = None) -> list[str]:
    out = []
    for name in models or ["openai:o3-mini", "groq:gemma2-9b-it"]:
        out.append(typed.run_sync(question, model=name).output)
    return out
