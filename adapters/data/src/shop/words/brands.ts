import type { Department } from './departments.js';

/** Invented makers, five a department. */
export const brandNames: Readonly<Record<Department, readonly string[]>> = {
  camping: ['Norvik', 'Tundrel', 'Kelmark', 'Askelo', 'Pinehart'],
  hair: ['Silvane', 'Lumorra', 'Verdelle', 'Ocarine', 'Mirabelo'],
  skin: ['Calyssa', 'Ondelva', 'Pureva', 'Seraphel', 'Nuvessa'],
  kitchen: ['Brantholm', 'Culivor', 'Ferrano', 'Hestavo', 'Tavolina'],
  baby: ['Tottling', 'Mimbola', 'Cradelle', 'Piccolu', 'Bumbrey'],
  fitness: ['Velocor', 'Strivon', 'Kinetra', 'Pulsara', 'Gravanti'],
  office: ['Deskari', 'Papyron', 'Quillmor', 'Ergovald', 'Notavia'],
  garden: ['Thistlow', 'Gardelin', 'Rootmere', 'Fernhollow', 'Bloomary'],
};

/** What makers of a department add to their name. */
export const brandSuffixes: Readonly<Record<Department, readonly string[]>> = {
  camping: ['Outdoor', 'Expedition'],
  hair: ['Salon', 'Hair Lab'],
  skin: ['Cosmetics', 'Derma'],
  kitchen: ['Cookware', 'Home'],
  baby: ['Kids', 'Nursery'],
  fitness: ['Sport', 'Active'],
  office: ['Works', 'Studio'],
  garden: ['Gardens', 'Plants'],
};
