"""`make train`: every stage of the house model from nothing, resumable, by the clock.

Stages run in this order, each skipped or resumed when its result is there already:
render, text, basis, classifier, decoder, denoiser, repair, bundle. `--stage` runs one alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from house_model.autoencoder import (
    DecoderTraining,
    decoder_quality,
    new_autoencoder,
    train_encoder,
)
from house_model.bundle import WEIGHTS, assemble, write_weights
from house_model.classifier import train_classifier
from house_model.clockwork import load_checkpoint
from house_model.dataset import load_set, render_set
from house_model.denoiser import NOISE_SCHEDULE, DenoiserTraining, Material, new_unet
from house_model.latents import PatchBasis, encode_all, fit_basis, psnr, to_tensor
from house_model.repair import Spoiler
from house_model.text_encoder import train_text_encoder


class Workshop:
    """The working folder of a training and the stages over it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder: Path = options.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.seen, self.held = self.folder / "seen", self.folder / "held"
        self.text = self.folder / "text"

    def render(self) -> None:
        """Draw the training set, and a small set of held-out combinations to measure by."""
        processes = self.options.threads
        render_set(self.held, 400, held_out=True, seed=12, processes=processes)
        render_set(self.seen, self.options.pictures, held_out=False, seed=11, processes=processes)

    def train_text(self) -> None:
        """Tokenizer and text encoder."""
        if not (self.text / "text_encoder" / "config.json").exists():
            train_text_encoder(self.text, self.options.text_minutes)

    def fit_latents(self) -> None:
        """The linear basis, and all pictures' latents.

        A basis that is there is kept, so that pictures of a changed world land in the latent
        space which decoder and denoiser know already.
        """
        if (self.folder / "latents.pt").exists():
            return
        seen, held = load_set(self.seen), load_set(self.held)
        path = self.folder / "basis.safetensors"
        basis = PatchBasis.load(path) if path.exists() else fit_basis(seen.pixels)
        basis.save(path)
        images = to_tensor(held.pixels[:128])
        quality = psnr(basis.decode(basis.encode(images)), images)
        print(f"linear basis: {quality:.2f} dB", flush=True)
        torch.save(encode_all(basis, seen.pixels), self.folder / "latents.pt")

    def train_judge(self) -> None:
        """The attribute classifier that judges the model; it sees rendered pictures only."""
        train_classifier(load_set(self.seen), load_set(self.held), self.options.judge_minutes)

    def train_decoder(self) -> None:
        """The decoder on true latents."""
        training = DecoderTraining(
            self.folder / "decoder.pt",
            load_set(self.seen),
            self._latents(),
            self.options.decoder_minutes,
            None,
        )
        training.run()
        self._report_decoder()

    def train_denoiser(self) -> None:
        """The UNet."""
        latents = self._latents()
        material = Material(
            (latents.float() * scaling(latents)).half(),
            load_set(self.seen).scenes,
            CLIPTokenizer.from_pretrained(self.text / "tokenizer"),
            self._text_encoder(),
        )
        torch.set_num_threads(1)  # the workers are processes
        training = DenoiserTraining(self.folder, material, self.options.denoiser_minutes)
        training.run(self.options.threads)

    def repair_decoder(self) -> None:
        """More decoder training, half of it on latents as the denoiser leaves them."""
        latents = self._latents()
        spoiler = Spoiler(
            self._unet(),
            self._text_encoder(),
            CLIPTokenizer.from_pretrained(self.text / "tokenizer"),
            load_set(self.seen).scenes,
            DDPMScheduler(**NOISE_SCHEDULE).alphas_cumprod,
            scaling(latents),
        )
        minutes = self.options.decoder_minutes + self.options.repair_minutes
        path = self.folder / "decoder.pt"
        DecoderTraining(path, load_set(self.seen), latents, minutes, spoiler).run()
        self._report_decoder()

    def bundle(self) -> None:
        """Teach the encoder, put everything together, write the weights folder."""
        autoencoder = new_autoencoder()
        state = load_checkpoint(self.folder / "decoder.pt")
        if state is None:
            raise FileNotFoundError("train the decoder first")
        autoencoder.decoder.load_state_dict(state["averaged"])
        self._add_encoder(autoencoder)
        pipeline = assemble(
            CLIPTokenizer.from_pretrained(self.text / "tokenizer"),
            self._text_encoder(),
            autoencoder,
            self._unet(),
            scaling(self._latents()),
        )
        megabytes = write_weights(pipeline, self.options.output)
        print(f"wrote the weights, {megabytes:.1f} MB", flush=True)

    def _add_encoder(self, autoencoder: torch.nn.Module) -> None:
        path = self.folder / "encoder.pt"
        state = load_checkpoint(path)
        if state is None:
            basis = PatchBasis.load(self.folder / "basis.safetensors")
            minutes = self.options.encoder_minutes
            error = train_encoder(autoencoder, basis, load_set(self.seen), minutes)
            print(f"encoder: mean squared error {error:.4f} of latents", flush=True)
            torch.save(autoencoder.encoder.state_dict(), path)
        else:
            autoencoder.encoder.load_state_dict(state)

    def _latents(self) -> Tensor:
        latents: Tensor = torch.load(self.folder / "latents.pt", weights_only=True)
        return latents

    def _text_encoder(self) -> CLIPTextModel:
        model = CLIPTextModel.from_pretrained(self.text / "text_encoder", dtype=torch.float32)
        return model.requires_grad_(False).eval()

    def _unet(self) -> UNet2DConditionModel:
        state = load_checkpoint(self.folder / "denoiser.pt")
        if state is None:
            raise FileNotFoundError("train the denoiser first")
        unet = new_unet()
        unet.load_state_dict(state["averaged"])
        return unet.requires_grad_(False).eval()

    def _report_decoder(self) -> None:
        state = load_checkpoint(self.folder / "decoder.pt")
        assert state is not None  # the stage before has just written it
        decoder = new_autoencoder().decoder
        decoder.load_state_dict(state["averaged"])
        basis = PatchBasis.load(self.folder / "basis.safetensors")
        quality = decoder_quality(decoder, basis, load_set(self.held))
        print(f"decoder: {quality:.2f} dB on held-out pictures", flush=True)


def scaling(latents: Tensor) -> float:
    """What brings the latents to unit deviation."""
    return float(1 / latents[:4000].float().std())


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m house_model.train", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/train"))
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    parser.add_argument("--stage", choices=sorted(_STAGES), help="run this stage alone")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=10_000)
    for stage, minutes in _MINUTES.items():
        parser.add_argument(f"--{stage}-minutes", type=float, default=minutes)
    return parser.parse_args(arguments)


_MINUTES = {
    "text": 2.5,
    "judge": 12.0,
    "decoder": 30.0,
    "denoiser": 120.0,
    "repair": 20.0,
    "encoder": 6.0,
}
_STAGES: dict[str, Callable[[Workshop], None]] = {
    "render": Workshop.render,
    "text": Workshop.train_text,
    "basis": Workshop.fit_latents,
    "classifier": Workshop.train_judge,
    "decoder": Workshop.train_decoder,
    "denoiser": Workshop.train_denoiser,
    "repair": Workshop.repair_decoder,
    "bundle": Workshop.bundle,
}


def main(arguments: list[str] | None = None) -> None:
    """Run all stages, or the one asked for."""
    options = _options(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # denormals slow a CPU down late in training
    workshop = Workshop(options)
    for name, stage in _STAGES.items():
        if options.stage in (None, name):
            print(f"stage {name}", flush=True)
            stage(workshop)


if __name__ == "__main__":
    main()
