/** A table as data: the terminal and the HTML report draw the same one. */
export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below the table. */
  readonly notes?: readonly string[];
}

export interface Column {
  readonly label: string;
  /** Figures stand on the right. Default: left. */
  readonly align?: 'left' | 'right';
}

/** Columns from labels, the first on the left, the others on the right. */
export function figureColumns(first: string, ...others: readonly string[]): Column[] {
  return [{ label: first }, ...others.map((label) => ({ label, align: 'right' as const }))];
}
