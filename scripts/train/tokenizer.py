"""Trains the Unigram model on captions, and turns text into ids the way the umt5 tokeniser does (text, then </s>)."""
import io
import random

import torch

import captions

MAX_TOKENS = 47


def train(path, vocab_size=768, count=60000, seed=1):
    import sentencepiece
    rng = random.Random(seed)
    lines = [captions.caption(rng, captions.random_spec(rng, two=0.2)) for _ in range(count)]
    # The words by themselves, often, so that each becomes one piece.
    lines += sorted({word.strip(".,:") for line in lines for word in line.split()}) * 300
    lines += [text for text in captions.NEGATIVES if text.isascii()] * 20
    lines += [" ".join("abcdefghijklmnopqrstuvwxyz"), " ".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
              "0 1 2 3 4 5 6 7 8 9 ! ? : ; ( ) ' \" - / & % + = , ."]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="unigram", vocab_size=vocab_size,
        byte_fallback=True, character_coverage=1.0, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>",
        normalization_rule_name="nmt_nfkc", hard_vocab_limit=False, minloglevel=2)
    with open(path, "wb") as file:
        file.write(model.getvalue())


class Tokenizer:
    def __init__(self, path=None, proto=None):
        import sentencepiece
        self.model = sentencepiece.SentencePieceProcessor()
        if proto is None:
            with open(path, "rb") as file:
                proto = file.read()
        self.proto = proto
        self.model.LoadFromSerializedProto(proto)

    def __len__(self):
        return self.model.GetPieceSize()

    def batch(self, texts, length=MAX_TOKENS):
        """ids (padded with 0) and the number of tokens of each, </s> included; longer texts are cut."""
        ids = torch.zeros(len(texts), length, dtype=torch.long)
        lengths = torch.zeros(len(texts), dtype=torch.long)
        for i, text in enumerate(texts):
            row = self.model.EncodeAsIds(text)[:length - 1] + [1]
            ids[i, :len(row)] = torch.tensor(row)
            lengths[i] = len(row)
        return ids, lengths


if __name__ == "__main__":
    import sys
    train(sys.argv[1])
