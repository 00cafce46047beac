"""A Llama decoder of Hugging Face transformers on torch, with random weights: the time does not depend on them.

Either some blocks over given vectors, forward and backward to the vectors; or the vectors of texts of given lengths.
"""

import torch
from transformers import LlamaConfig, LlamaModel

from peer_run import read_settings, repeat, write_answer


def model_of(settings, blocks):
    sizes = settings["model"]
    config = LlamaConfig(
        hidden_size=sizes["hiddenSize"],
        num_hidden_layers=blocks,
        num_attention_heads=sizes["numHeads"],
        num_key_value_heads=sizes["numKeyValueHeads"],
        head_dim=sizes["headSize"],
        intermediate_size=sizes["feedForwardSize"],
        vocab_size=sizes["vocabularySize"],
        rms_norm_eps=sizes["normEpsilon"],
        rope_theta=sizes["rotaryBase"],
        use_cache=False,
    )
    return LlamaModel(config).eval().requires_grad_(False)


def time_blocks(settings):
    model = model_of(settings, settings["blocks"])
    shape = settings["rows"], settings["vectors"], settings["model"]["hiddenSize"]
    vectors = (torch.randn(shape) * 0.1).requires_grad_()

    def states():
        return model(inputs_embeds=vectors).last_hidden_state

    def forward():
        with torch.no_grad():
            states()

    def both():
        found = states()
        torch.autograd.grad(found, vectors, torch.ones_like(found))

    note = "the same work: LlamaModel of transformers, random weights"
    return [repeat(settings, work).figure(note) for work in (forward, both)]


def passes_of(lengths, tokens_per_pass):
    """Lengths side by side, shortest first, at most so many tokens a pass with the padding."""
    found = [[]]
    for length in sorted(lengths):
        if found[-1] and (len(found[-1]) + 1) * length > tokens_per_pass:
            found.append([])
        found[-1].append(length)
    return found


def time_encoding(settings):
    model = model_of(settings, settings["model"]["numLayers"])
    passes = []
    for lengths in passes_of(settings["lengths"], settings["tokensPerPass"]):
        mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]  # [B, T]
        passes.append((torch.randint(settings["model"]["vocabularySize"], mask.shape), mask.long()))

    def encode():
        with torch.inference_mode():
            for tokens, mask in passes:
                states = model(input_ids=tokens, attention_mask=mask).last_hidden_state  # [B, T, H]
                (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)

    read = len(settings["lengths"])
    note = f"the same work: LlamaModel of transformers, random weights; extrapolated by tokens from {read} titles, in passes as ours"
    return [repeat(settings, encode, settings["totalTokens"] / sum(settings["lengths"])).figure(note)]


def main():
    settings = read_settings()
    figures = time_encoding(settings) if settings["task"] == "encoding" else time_blocks(settings)
    write_answer("transformers", figures)


main()
