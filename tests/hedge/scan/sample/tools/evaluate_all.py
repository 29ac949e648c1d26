#!/usr/bin/env python
"""Runs every candidate over the golden questions."""
import csv
import os
from concurrent.futures import ThreadPoolExecutor

from openai import OpenAI

from candidates import CANDIDATES

JUDGE = os.getenv("JUDGE") or "gpt-4o-2024-08-06"
client = OpenAI(base_url=os.environ["GATEWAY"], api_key=os.environ["GATEWAY_KEY"])
RESULTS = "results/2024/11/all.csv"


def ask(name: str, question: str) -> str:
    done = client.chat.completions.create(model=name, messages=[{"role": "user", "content": question}])
    return done.choices[0].message.content


def judge(answer: str) -> str:
    return ask(JUDGE, f"Grade from 1 to 5: {answer}")


with open(RESULTS, "w") as handle, ThreadPoolExecutor() as pool:
    table = csv.writer(handle)
    for candidate in CANDIDATES:
        table.writerow([candidate["model"], judge(ask(candidate["model"], "Where is MSKU/123?"))])
