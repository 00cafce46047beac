/** What a backbone can do and needs. Fusions and the conformance kit read this instead of knowing models by name. */
export interface BackboneCapabilities {
  /** Scores are made from item vectors, so an item-side fusion can change them. */
  readonly itemVectors: boolean;
  /** `encode` reads the item vectors it is given. */
  readonly readsItemVectors: boolean;
  /** `encode` gives a useful state at every position, not at the last one only. */
  readonly perPositionStates: boolean;
  /** The state at position t depends on items 1..t only. */
  readonly causal: boolean;
  /** Has no weights that learn. */
  readonly frozen: boolean;
  /** Needs item attributes in the data. */
  readonly attributes: boolean;
  /** Needs real timestamps in the data. */
  readonly timestamps: boolean;
}

/** What a language model can do. */
export interface KnowledgeCapabilities {
  /** Texts to vectors. */
  readonly encode: boolean;
  /** Prompts to text. */
  readonly generate: boolean;
  /** Input embeddings to hidden states, with gradients and LoRA. */
  readonly differentiable: boolean;
  /** Prompts with answers to a model that answers like them, by LoRA. Default false. */
  readonly tune?: boolean;
}

/** What a fusion needs of its partners. A need that is not met is an error at start that lists what would do. */
export interface FusionNeeds {
  readonly backbone: Partial<BackboneCapabilities>;
  /** Absent: the fusion uses no language model. */
  readonly knowledge?: Partial<KnowledgeCapabilities>;
}
