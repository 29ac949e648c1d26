"""A site's real training behind the agent's port: text to tokens, tokens to updates. The only torch in `run`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hanse import canonical
from hanse.errors import CorpusError
from hanse.lm import model as models
from hanse.lm.hygiene import Cleaner, decode_grams
from hanse.lm.metrics import Metrics
from hanse.lm.pack import Packed, write_tokens
from hanse.lm.text import documents
from hanse.lm.tokenizer import Tokenizer
from hanse.lm.train import Trainer, pick_device
from hanse.run.origin import tokenizer_of, vocab_size
from hanse.run.plan import Plan
from hanse.run.port import Trained, Weights
from hanse.run.settings import SiteConfig


class LmTrainer:
    """One site's training, from its text to its deltas. Text and tokens stay below the site's folder."""

    def __init__(self, site: SiteConfig, metrics: Metrics) -> None:
        self.site, self.metrics = site, metrics
        self._trainer: Trainer | None = None
        self._plan: Plan | None = None
        self._tokenizer: Tokenizer | None = None

    def prepare(self, plan: Plan, counts: list[dict[str, int]], grams: Mapping[str, bytes]) -> dict[str, Any]:
        """Clean, tokenize and pack the text; the body of the `corpus` entry: root, tokens, documents, dropped."""
        self._plan, self._tokenizer = plan, tokenizer_of(plan, counts, self.site.tokenizer_path)
        forbidden = [decode_grams(data) for _, data in sorted(grams.items())]
        cleaner = Cleaner(forbidden, gram_key(self.site.log))
        path = self.site.folder_path / "text" / "tokens.bin"
        write_tokens((item.text for item in cleaner.clean(self._documents())), self._tokenizer, path)
        packed = self._packed()
        return {
            "root": packed.commitment(),
            "tokens": int(packed.tokens.size),
            "documents": cleaner.kept,
            "dropped": cleaner.duplicates + cleaner.overlapping,
        }

    def train(self, weights: Weights, steps: int, first_step: int, state: bytes | None) -> Trained:
        trainer = self._ready()
        trainer.restore(state)
        trainer.load(weights)
        stats = trainer.steps(steps, first_step)
        after = trainer.weights()
        self.metrics.write(
            {
                "step": first_step + steps,
                "loss": stats.loss,
                "tokens": stats.tokens,
                "seconds": round(stats.seconds, 4),
                "tokens_per_second": round(stats.tokens_per_second, 1),
                "flops_utilization": self.metrics.utilization(weights, stats.tokens, stats.seconds),
            }
        )
        delta = {name: after[name] - weights[name] for name in weights}
        return Trained(delta, trainer.state(), stats.tokens, stats.loss, stats.seconds)

    def _ready(self) -> Trainer:
        if self._trainer is None:
            assert self._plan is not None and self._tokenizer is not None  # the agent prepares before it trains
            import torch

            torch.set_num_threads(self.site.threads)
            model = models.build(self._plan.model, vocab_size(self._plan, self._tokenizer), self.site.base_path)
            self._trainer = Trainer(model, self._plan.train, self._packed(), pick_device(self.site.device))
        return self._trainer

    def _packed(self) -> Packed:
        assert self._plan is not None and self._tokenizer is not None
        path = self.site.folder_path / "text" / "tokens.bin"
        return Packed(path, self._tokenizer, self._plan.data.sequence_length, order_seed(self.site.member))

    def _documents(self) -> Iterable[Any]:
        found = False
        for path in self.site.text_paths:
            for document in documents(path, self.site.text_field):
                found = True
                yield document
        if not found:
            raise CorpusError(f"{self.site.source}: text: no document in {', '.join(map(str, self.site.text_paths))}")


def order_seed(member: str) -> int:
    """Seed of a member's reading order."""
    return int.from_bytes(bytes.fromhex(canonical.digest({"order": member}))[:6], "big")


def gram_key(log: str) -> bytes:
    """Key of the 13-gram hashes: the log's identity, so that two consortia's hashes cannot be compared."""
    return bytes.fromhex(log)
