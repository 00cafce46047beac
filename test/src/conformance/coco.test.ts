import { declareFusions } from './matrix.js';

declareFusions(({ id }) => id === 'coco');
