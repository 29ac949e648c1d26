from __future__ import annotations

import psycopg
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from langgraph.graph import END, StateGraph
from langgraph.prebuilt import create_react_agent

from .state import AssistantState
from .tools import block_card, get_balance

agent = create_react_agent("openai:gpt-4.1", tools=[get_balance, block_card])


def summarize(state: AssistantState, config: RunnableConfig):
    name = config["configurable"].get("model", "gpt-4.1-mini")
    llm = ChatOpenAI(model=name)
    return {"summary": llm.invoke(state["messages"])}


def tenant_llm(conn: psycopg.Connection, tenant_id: int) -> ChatOpenAI:
    row = conn.execute("SELECT llm_name FROM tenant_settings WHERE tenant_id = %s", (tenant_id,)).fetchone()
    return ChatOpenAI(model=row[0], timeout=30)


workflow = StateGraph(AssistantState)
workflow.add_node("agent", agent)
workflow.add_node("summarize", summarize)
workflow.set_entry_point("agent")
workflow.add_edge("agent", "summarize")
workflow.add_edge("summarize", END)
