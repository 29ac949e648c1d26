import logging

from langchain.chat_models import init_chat_model
from langchain_anthropic import ChatAnthropic
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings

from .settings import get_settings

log = logging.getLogger(__name__)
settings = get_settings()

ESCALATION_MODEL = "claude-sonnet-4-20250514"

ANSWER_PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", "You are the assistant of Nordbank. Never say you are gpt-4o or claude-3-opus."),
        ("human", "{question}\n\nContext:\n{context}"),
    ]
)


def build_answer_chain():
    """Answer chain with a fallback.

    We compared ``gpt-4-turbo`` and ``mistral-large-latest`` in spring; see the ADR.
    """
    primary = ChatOpenAI(model=settings.chat_model, temperature=0, max_retries=2)
    # primary = ChatOpenAI(model="gpt-4-0613", temperature=0)
    backup = ChatAnthropic(model=ESCALATION_MODEL, max_tokens=1024)
    return ANSWER_PROMPT | primary.with_fallbacks([backup]) | StrOutputParser()


def build_triage():
    log.info("triage falls back to gemini-1.5-pro only in the sandbox")
    return init_chat_model("google_genai:gemini-2.0-flash", temperature=0)


def build_azure():
    return AzureChatOpenAI(
        azure_deployment="nordbank-chat-prod",
        api_version=settings.api_version,
        model="gpt-4o",
    )


def build_judge():
    return ChatOpenAI(model=settings.judge_model, temperature=0)


def build_embeddings() -> OpenAIEmbeddings:
    return OpenAIEmbeddings(model=settings.embedding_model, dimensions=1536)
