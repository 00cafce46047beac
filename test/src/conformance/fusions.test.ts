/** All fusions but `coco`, which takes as long as the others together and has a file, so a process, of its own. */
import { declareFusions } from './matrix.js';

declareFusions(({ id }) => id !== 'coco');
