/** The made-up shop's departments. Categories, brands, materials and concerns each belong to one or more of them. */
export const departments = [
  'camping',
  'hair',
  'skin',
  'kitchen',
  'baby',
  'fitness',
  'office',
  'garden',
] as const;

export type Department = (typeof departments)[number];

/** Departments with the same shoppers; their items borrow a brand from each other now and then. */
export const sisterDepartments: Readonly<Record<Department, Department>> = {
  camping: 'fitness',
  fitness: 'camping',
  hair: 'skin',
  skin: 'hair',
  kitchen: 'garden',
  garden: 'kitchen',
  baby: 'office',
  office: 'baby',
};

/** What a department's goods are called together. */
export const departmentNames: Readonly<Record<Department, string>> = {
  camping: 'outdoor gear',
  hair: 'hair care',
  skin: 'skin care',
  kitchen: 'kitchen equipment',
  baby: 'things for babies',
  fitness: 'sports equipment',
  office: 'office supplies',
  garden: 'garden tools',
};
