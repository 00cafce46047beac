/** Where the preset `paper` is not the paper's: what would not train as written, what we filled in, what other sections set. */
import type { CoCoSettings } from './presets.js';

interface Exception {
  readonly holds: (settings: CoCoSettings) => boolean;
  readonly text: (settings: CoCoSettings) => string;
}

const hasCodebook = ({ soft }: CoCoSettings): boolean => soft;

const exceptions: readonly Exception[] = [
  {
    holds: ({ soft, codebook }) => soft && codebook.rule !== 'softmax',
    text: ({ codebook }) =>
      `prompts are selected by the rule "${codebook.rule}", the best one always and ${codebook.maxPrompts} at most, ` +
      `since the paper's softmax over ${codebook.size} prompts cannot pass its threshold.`,
  },
  {
    holds: hasCodebook,
    text: () =>
      'queries and prompts are centred before their cosine is taken, since all raw ones point nearly one way.',
  },
  {
    holds: ({ soft, codebook }) => soft && codebook.orthogonality === 'squared',
    text: () =>
      'the orthogonality loss is the mean squared cosine of centred prompts, since the sum of cosines as written has a ' +
      'negative minimum.',
  },
  {
    holds: hasCodebook,
    text: () =>
      'W_e starts from a ridge regression of warm states on titles, and a selected prompt z enters as z · (1 + c − sg(c)), ' +
      'so that the recommendation loss teaches W_e; both are ours.',
  },
  {
    holds: ({ soft, codebook }) => soft && codebook.init === 'prompts',
    text: () =>
      'the texts of the first prompts are ours; their vectors are centred and scaled to the norm of token embeddings.',
  },
  {
    holds: ({ granularity }) => granularity === 'title',
    text: ({ maxTitles }) =>
      `the newest ${maxTitles} titles are read, each as one vector: centred, through a learned map that starts as identity, ` +
      'at the norm of token embeddings.',
  },
  {
    holds: () => true,
    text: ({ align }) =>
      `what attends in eq. 5 and 7 is RMS-normalised, eq. 7 has up to ${align.heads} heads and its MLP a GELU: choices of ours.`,
  },
  {
    holds: () => true,
    text: ({ fusedPositions }) =>
      `knowledge joins the last ${fusedPositions === 1 ? 'position' : `${fusedPositions} positions`} of a history; the ` +
      'recommendation loss of the others is on the bare state, and the auxiliary loss on the fused rows alone.',
  },
  {
    holds: () => true,
    text: () =>
      'the recommendation loss is that of "train.loss" (the paper: InfoNCE with in-batch negatives), the language model that of ' +
      '"knowledge" (Qwen3-4B), the width that of the backbone (128), and "train.warmEpochs" trains the bare backbone first.',
  },
];

/** What a CoCo of the preset `paper` with these settings does not take from the paper, one line each; printed when it is used. */
export function paperExceptions(settings: CoCoSettings): string[] {
  const own = exceptions.filter(({ holds }) => holds(settings));
  return own.map(({ text }) => `CoCo, preset paper: ${text(settings)}`);
}
