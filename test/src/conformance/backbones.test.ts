import { declareBackbones } from './matrix.js';

declareBackbones();
