"""Models in JavaScript and TypeScript."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.hedge.scan.javascript import read_javascript, read_javascript_project

LOAD = 'import { pipeline, AutoModel } from "@huggingface/transformers";\n'


def found(code: str) -> list[tuple[int, str]]:
    """Line and name of what is resolved, in `code` after an import line that counts as line 0."""
    return [(hit.line - 1, hit.ref) for hit in read_javascript(LOAD + code) if hit.resolved]


def unresolved(code: str) -> list[tuple[int, str]]:
    return [(hit.line - 1, hit.ref) for hit in read_javascript(LOAD + code) if not hit.resolved]


VALUES = [
    'const M = "a/one";\nawait AutoModel.from_pretrained(M)',
    'let M: string = `a/one`;\nAutoModel.from_pretrained(M as string)',
    'const M = process.env.M ?? "a/one"\nAutoModel.from_pretrained(M)',
    'const M = process.env.M || "a/one"\nAutoModel.from_pretrained(M!)',
    'const { M = "a/one" } = process.env;\nAutoModel.from_pretrained(M)',
    'const M = import.meta.env.VITE_M ?? "a/one"\nAutoModel.from_pretrained(M)',
    'const C = { model: { id: "a/one" } } as const;\nAutoModel.from_pretrained(C.model.id)',
    'const C = { "k-1": "a/one" };\nAutoModel.from_pretrained(C["k-1"])',
    'const [M] = ["a/one"];\nAutoModel.from_pretrained(M)',
    'function f(m = "a/one") {\n  return AutoModel.from_pretrained(m) }',
    'const f = async (m: string = "a/one"): Promise<void> => {\n  await AutoModel.from_pretrained(m) }',
    'const f = ({ m = "a/one" }: { m?: string } = {}) =>\n AutoModel.from_pretrained(m)',
    'const f = (m) => AutoModel.from_pretrained(m);\nf("a/one")',
    'function f({ m }: O) { return AutoModel.from_pretrained(m) }\nf({ m: "a/one" })',
    'class C { constructor(private m: string) { AutoModel.from_pretrained(m) } }\nnew C("a/one")',
    'class C { m = "a/one";\n go() { AutoModel.from_pretrained(this.m) } }',
    'class C { private static readonly M: string = "a/one";\n go() { AutoModel.from_pretrained(C.M) } }',
    'class C { constructor() { this.m = "a/one" }\n go() { AutoModel.from_pretrained(this.m) } }',
    'enum M { A = "a/one" }\nAutoModel.from_pretrained(M.A)',
    'for (const m of ["a/one"]) {\n AutoModel.from_pretrained(m) }',
    '["a/one"].forEach(async (m) => { await AutoModel.from_pretrained(m) })',
    'const L = [{ repo: "a/one" }];\nL.map(({ repo }) => AutoModel.from_pretrained(repo))',
    'for (const [k, m] of Object.entries({ x: "a/one" })) AutoModel.from_pretrained(m)',
    'const pick = () => { if (x) { return "a/one"; } return null };\nAutoModel.from_pretrained(pick())',
    'const M = z.string().default("a/one");\nAutoModel.from_pretrained(M)',
    'export const M = "a/one" satisfies string\nAutoModel.from_pretrained(M)',
    'var a = 1, M = "a/one"\nAutoModel.from_pretrained(M)',
    'let M\nM = "a/one"\nAutoModel.from_pretrained(M)',
]  # fmt: skip


@pytest.mark.parametrize("code", VALUES)
def test_values_are_followed_to_the_literal(code: str) -> None:
    line = next(number for number, text in enumerate(code.split("\n"), start=1) if "a/one" in text)
    assert found(code) == [(line, "a/one")]
    assert unresolved(code) == []


def test_a_name_put_together_stands_where_it_is_put_together() -> None:
    for put in ("`${ORG}/bert-${SIZE}`", 'ORG + "/bert-" + SIZE', '[ORG, "bert-" + SIZE].join("/")'):
        assert found(f'const ORG = "acme", SIZE = "base";\nAutoModel.from_pretrained({put})') == [
            (2, "acme/bert-base")
        ], put


def test_both_branches_are_found() -> None:
    assert {ref for _, ref in found('AutoModel.from_pretrained(big ? "a/one" : "b/two")')} == {"a/one", "b/two"}
    assert {ref for _, ref in found('const X = { s: "a/one", l: "b/two" };\nAutoModel.from_pretrained(X[key])')} == {
        "a/one",
        "b/two",
    }


CALLS = [
    ('await pipeline("ner", "a/b")', "a/b"),
    ('await transformers.pipeline("ner", "gpt2")', "gpt2"),
    ('CLIPModel.from_pretrained("a/b", { quantized: true })', "a/b"),
    ('client.chat.completions.create({ model: "gpt-4o", messages: [] })', "gpt-4o"),
    ('client.chat.completions.create({ model: "our-proxy-name", messages: [] })', "our-proxy-name"),
    ('client.responses.create({ "model": "o3-mini", input: "x" })', "o3-mini"),
    ('anthropic.messages.stream({ model: `claude-3-5-haiku-latest` })', "claude-3-5-haiku-latest"),
    ('client.embeddings.create({ model: "text-embedding-3-small", input })', "text-embedding-3-small"),
    ('import { openai } from "@ai-sdk/openai"\nstreamText({ model: openai("gpt-4o"), prompt })', "gpt-4o"),
    ('import { openai } from "@ai-sdk/openai"\nembed({ model: openai.embedding("text-embedding-3-small") })', "text-embedding-3-small"),
    ('const own = createOpenAI({ baseURL });\ngenerateText({ model: own("our-own-name") })', "our-own-name"),
    ('import { ollama } from "ollama-ai-provider";\ngenerateText({ model: ollama("phi3") })', "phi3"),
    ('generateText({ model: "openai/gpt-4o" })', "openai/gpt-4o"),
    ('import ollama from "ollama"\nollama.chat({ model: "llama3.2", messages })', "llama3.2"),
    ('new ChatOpenAI({ modelName: "gpt-4o" })', "gpt-4o"),
    ('new ChatOllama({ model: "our-own" })', "our-own"),
    ('new HuggingFaceTransformersEmbeddings({ model: "Xenova/all-MiniLM-L6-v2" })', "Xenova/all-MiniLM-L6-v2"),
    ('genAI.getGenerativeModel({ model: "gemini-1.5-flash" })', "gemini-1.5-flash"),
    ('new InvokeModelCommand({ modelId: "anthropic.claude-3-haiku-20240307-v1:0" })', "anthropic.claude-3-haiku-20240307-v1:0"),
    ('hf.textGeneration({ model: "a/b", inputs: "x" })', "a/b"),
    ('await CreateMLCEngine("Llama-3.1-8B-Instruct-q4f32_1-MLC", {})', "Llama-3.1-8B-Instruct-q4f32_1-MLC"),
    ('ort.InferenceSession.create("./m/x.onnx")', "./m/x.onnx"),
    ('llama.loadModel({ modelPath: path.join(__dirname, "models", "x.gguf") })', "models/x.gguf"),
    ('replicate.run("meta/meta-llama-3-8b-instruct", { input })', "meta/meta-llama-3-8b-instruct"),
    ('env.AI.run("@cf/meta/llama-3.1-8b-instruct", {})', "@cf/meta/llama-3.1-8b-instruct"),
    ('fetch(url, { body: JSON.stringify({ model: "gpt-4o", messages }) })', "gpt-4o"),
    ('export const DEFAULT_MODEL = "gpt-4o"', "gpt-4o"),
    ('const MODELS: Record<string, string> = { fast: "gpt-4o-mini" }', "gpt-4o-mini"),
    ('export default defineConfig({ embeddingModel: "BAAI/bge-m3" })', "BAAI/bge-m3"),
    ('fetch("https://huggingface.co/a/b/resolve/main/x.onnx")', "a/b"),
    ('const x = <Chat model="gpt-4o" />', "gpt-4o"),
    ('encoding_for_model("gpt-4o")', "gpt-4o"),
    ('const [model, setModel] = useState("gpt-4o");\nopenai.chat.completions.create({ model, messages })', "gpt-4o"),
    ("return (<p>Don't <Chat model={'gpt-4o'} b='x' /></p>)", "gpt-4o"),
    ('const MODEL_MAP = new Map([["fast", "gpt-4o"]])', "gpt-4o"),
    ('const M = new Map([["k", "a/b"]]);\nAutoModel.from_pretrained(M.get(x))', "a/b"),
    ("const R = 'a/b';\nfetch(`https://huggingface.co/${R}/resolve/main/x.onnx`)", "a/b"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "ref"), CALLS, ids=[code.split("\n")[-1][:60] for code, _ in CALLS])
def test_a_call_or_key_names_its_model(code: str, ref: str) -> None:
    assert [name for _, name in found(code)] == [ref]
    assert unresolved(code) == []


NOTHING = [
    'type Model = "gpt-4o" | "gpt-4o-mini";\ninterface O { model: "gpt-4o"; }\nfunction f(o: { model: "gpt-4o" | "x" }) {}',
    'if (model === "gpt-4o" || ["gpt-4o"].includes(model)) {}\nswitch (model) { case "gpt-4o": break }',
    'console.log("meta-llama/Llama-3.1-8B", { model: "gpt-4o" });\nthrow new Error("acme/bert-base")',
    'import x from "@scope/model-7b";\nconst y = require("a/model-7b");\nexport * from "./models/llama"',
    '// model: "gpt-4o"\n/* AutoModel.from_pretrained("a/b") */',
    'const PRICES = { "gpt-4o": 2.5 };\nconst MODEL_PRICES = { "gpt-4o": { usd: 1 } }',
    'const schema = z.enum(["gpt-4o", "gpt-4o-mini"]);\nexpect(x.model).toBe("gpt-4o")',
    'const contentType = "application/json"; const modelPath = "src/models/user.ts"',
    'const model = mongoose.model("User", schema); const embed = "a b c"',
    'generateText({ model, prompt });\nfunction g(model) { return streamText({ model, prompt: "x" }) }',
    'const car = { make: "MAN", model: "TGX/XXL" };\nconst link = <a href="https://huggingface.co/a/b-7b">x</a>',
    'res.json({ id: "x", choices: [], model: "gpt-4o" })',
    'env.localModelPath = "/static/models/"',
    'const re = /model: "gpt-4o"/g; const t = a / b / "gpt-4o".length',
]  # fmt: skip


@pytest.mark.parametrize("code", NOTHING, ids=range(len(NOTHING)))
def test_what_chooses_no_model_is_no_finding(code: str) -> None:
    assert list(read_javascript(LOAD + code)) == []


@pytest.mark.parametrize(
    ("code", "line", "expression"),
    [
        ('await pipeline(\n  "ner",\n  config.model,\n)', 1, "config.model"),
        ("const m = process.env.MODEL;\nAutoModel.from_pretrained(m)", 2, "m"),
        ("client.chat.completions.create({\n  model: process.env.MODEL!,\n  messages,\n})", 1, "process.env.MODEL"),
        (
            'import { openai } from "@ai-sdk/openai"\nstreamText({ model: openai(process.env.MODEL) })',
            2,
            "process.env.MODEL",
        ),
        ("new ChatOpenAI({ model: this.settings.model })", 1, "this.settings.model"),
        ("async function f(id) { await AutoModel.from_pretrained(id) }", 1, "id"),
        ("fetch(u, { body: JSON.stringify({\n  model: settings.model, messages }) })", 2, "settings.model"),
        ("AutoModel.from_pretrained(`${org}/x`)", 1, "`${org}/x`"),
        (
            "fetch(`https://huggingface.co/${x}/resolve/main/x.onnx`)",
            1,
            "`https://huggingface.co/${x}/resolve/main/x.onnx`",
        ),
    ],
)
def test_what_only_the_run_time_knows_is_unresolved(code: str, line: int, expression: str) -> None:
    assert unresolved(code) == [(line, expression)]
    assert found(code) == []


def test_the_revision_of_the_call_belongs_to_the_name() -> None:
    code = 'const R = "abc";\nconst M = "a/b";\npipeline("ner", M, {\n  dtype: "q8",\n  revision: R,\n})'
    assert [(hit.ref, hit.revision) for hit in read_javascript(LOAD + code)] == [("a/b", "abc")]
    assert [
        (hit.ref, hit.revision) for hit in read_javascript('const MODEL_ID = "a/b";\nconst MODEL_REVISION = "abc"')
    ] == [("a/b", "abc")]


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ('\ufeffx\r\nAutoModel.from_pretrained("a/b")\r\n', 2),
        ('const s = `\n\n`; AutoModel.from_pretrained("a/b")', 3),
        ('/*\n\n*/ AutoModel.from_pretrained(\n"a/b")', 4),
        ("#!/usr/bin/env node\nAutoModel.from_pretrained('a/b')", 2),
        ("const s = `${`${AutoModel.from_pretrained('a/b')}`}\n`", 1),
        ("const u = 'it\\'s'; const v = \"\\\"\"\nAutoModel.from_pretrained('a/b')", 2),
        ("<p>Don't</p>\n<a href='https://x.y'>z</a>\nAutoModel.from_pretrained('a/b')", 3),
        (
            "<template>\n<p>it's</p>\n</template>\n<script setup lang='ts'>\nAutoModel.from_pretrained('a/b')\n</script>\n",
            5,
        ),
        ("<script>\n  AutoModel.from_pretrained('a/b')\n</script>\n<h1>{model = 'c/d-7b'}</h1>", 2),
    ],
)
def test_lines_are_counted_as_an_editor_counts_them(code: str, line: int) -> None:
    assert [(hit.line, hit.ref) for hit in read_javascript(code + "\n// model")] == [(line, "a/b")]


def test_an_imported_constant_is_found_where_it_stands_and_nowhere_else() -> None:
    for statement, use in (
        ('import { REF } from "./names"', "REF"),
        ('import { REF as R } from "../src/names.js"', "R"),
        ('import * as names from "@/names"', "names.REF"),
        ('import C from "./names"', "C.ref"),
        ('import { REF } from "./again"', "REF"),
    ):
        files = {
            "src/names.ts": '\nexport const REF = "acme/bert";\nexport default { ref: REF };\n',
            "src/again.ts": 'export { REF } from "./names";\n',
            "src/main.ts": f"{LOAD}{statement}\nAutoModel.from_pretrained({use})\n",
        }
        hits = {file: [(hit.line, hit.ref) for hit in hits] for file, hits in read_javascript_project(files).items()}
        assert hits == {"src/names.ts": [(2, "acme/bert")]}, statement


def test_an_import_from_outside_stays_unresolved() -> None:
    assert unresolved('import { REF } from "elsewhere"\nAutoModel.from_pretrained(REF)') == [(2, "REF")]


GOOD = (
    VALUES[6] + "\n" + "\n".join(code for code, _ in CALLS[:12]) + "\nclass A<T> extends B { x?: `a${1}b` = /x[/]/g }\n"
)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 20000,
        "[" * 3000 + '"a/b"' + "]" * 3000,
        "`${" * 3000,
        "}" * 20000,
        "x = " + "+".join(['"a/b"'] * 5000),
        "const model = " + "a ? b : " * 3000 + '"c"',
        "const model = " + "a ?? " * 3000 + '"c/d"',
        "model = model\nfunction f(m = f(m)) { return f(m) } f(f(f))",
        'const model = "' + "a" * 2_000_000,
        "model = [" + '"a/b-7b",' * 30000 + "]",
        "model: " * 20000,
        "a.b(" * 2000 + "model",
        "const models = " + "{ a: " * 300 + '"a/b"' + "}" * 300,
        "<" * 20000 + "model",
        "model => " * 3000,
        "\n".join(f"function f{n}(m) {{ return f{(n + 1) % 300}(m + m) }}" for n in range(300))
        + "\nAutoModel.from_pretrained(f0('a/b'))",
    ],
    ids=range(16),
)
def test_hostile_texts_end_soon(text: str) -> None:
    start = time.process_time()
    list(read_javascript(LOAD + text + "\n"))
    assert time.process_time() - start < 8


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read(text: str) -> None:
    list(read_javascript(LOAD + text))


@given(
    st.lists(
        st.sampled_from(
            [
                *GOOD.split(),
                *"(){}[]`'\"/\\=><?:;,.$",
                "${",
                "=>",
                "\n",
                "function",
                "type",
                "import",
                "export",
                "class",
            ]
        ),
        max_size=80,
    )
)
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_its_pieces_is_read(parts: list[str]) -> None:
    list(read_javascript(LOAD + " ".join(parts)))


def test_mutated_code_is_read() -> None:
    chance = random.Random(5)
    for _ in range(300):
        letters = list(GOOD)
        for _ in range(chance.randint(1, 10)):
            at = chance.randrange(len(letters))
            letters[at : at + chance.randint(0, 4)] = chance.choice(
                ["", "(", ")", '"', "`", "${", "}", "/", "\n", ":", "=>", "<"]
            )
        list(read_javascript("".join(letters)))
