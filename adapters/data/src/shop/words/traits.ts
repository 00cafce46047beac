import type { Department } from './departments.js';

/** A value that several departments share. Values of one group are related. */
export interface TraitWords {
  readonly words: string;
  readonly group: string;
  readonly departments: readonly Department[];
}

const trait = (words: string, group: string, ...departments: Department[]): TraitWords => ({
  words,
  group,
  departments,
});

export const materialWords: readonly TraitWords[] = [
  trait('ripstop nylon | woven polyamide | parachute nylon', 'fabric', 'camping', 'fitness'),
  trait('organic cotton | unbleached cotton | cotton twill', 'fabric', 'baby', 'garden', 'camping'),
  trait('merino wool | fine sheep wool | felted wool', 'fabric', 'camping', 'fitness', 'baby'),
  trait('leather | cowhide | tanned hide', 'hide', 'office', 'garden'),
  trait('stainless steel | brushed steel | 18/10 steel', 'metal', 'kitchen', 'garden', 'fitness'),
  trait('aluminium | anodised alloy | light alloy', 'metal', 'camping', 'office', 'kitchen'),
  trait('titanium | titanium grade 2 | pure titanium', 'metal', 'camping', 'kitchen'),
  trait('cast iron | enamelled iron | seasoned iron', 'heavy metal', 'kitchen', 'fitness'),
  trait('bamboo | bamboo fibre | pressed bamboo', 'wood', 'kitchen', 'baby', 'office'),
  trait('oak | solid oak | oiled oak wood', 'wood', 'kitchen', 'office', 'garden'),
  trait('cork | cork bark | pressed cork', 'bark', 'fitness', 'office'),
  trait('natural rubber | caoutchouc | tree latex', 'bark', 'baby', 'fitness', 'garden'),
  trait('glass | borosilicate | tempered glass', 'fired', 'kitchen', 'baby'),
  trait('ceramic | glazed stoneware | porcelain', 'fired', 'kitchen', 'garden'),
  trait('terracotta | fired clay | earthenware', 'fired', 'garden'),
  trait('silicone | food-grade silicone | soft silicone', 'polymer', 'baby', 'kitchen', 'fitness'),
  trait(
    'recycled plastic | ocean plastic | reclaimed polymer',
    'polymer',
    'camping',
    'baby',
    'office',
    'garden',
  ),
  trait('argan oil | Moroccan nut oil | pressed argan', 'rich oil', 'hair', 'skin'),
  trait('coconut oil | copra oil | virgin coconut', 'rich oil', 'hair', 'skin'),
  trait('shea butter | karité butter | raw shea', 'rich oil', 'hair', 'skin'),
  trait('keratin | silk protein | hair protein', 'repair', 'hair'),
  trait('aloe vera | aloe juice | aloe leaf gel', 'plant water', 'hair', 'skin'),
  trait('hyaluronic acid | hyaluron | sodium hyaluronate', 'repair', 'skin'),
  trait('tea tree | melaleuca | tea tree extract', 'plant water', 'hair', 'skin'),
  trait('vitamin C | ascorbic acid | citrus vitamin', 'repair', 'skin'),
];

export const concernWords: readonly TraitWords[] = [
  trait('heavy rain | wet weather | downpours', 'rough weather', 'camping'),
  trait('freezing nights | frost | sub-zero camps', 'rough weather', 'camping'),
  trait('light packing | ultralight tours | every gram', 'on the move', 'camping'),
  trait('frizz | frizzy hair | unruly curls', 'rough hair', 'hair'),
  trait('dryness | dry hair | brittle ends', 'rough hair', 'hair'),
  trait('dandruff | flaky scalp | itching roots', 'irritation', 'hair'),
  trait('wrinkles | fine lines | ageing skin', 'complexion', 'skin'),
  trait('blemishes | acne | clogged pores', 'complexion', 'skin'),
  trait('sensitive skin | redness | easily irritated skin', 'irritation', 'skin'),
  trait('induction hobs | electric hobs | flat hobs', 'busy household', 'kitchen'),
  trait('large families | big households | many guests', 'busy household', 'kitchen'),
  trait('small kitchens | tiny galleys | kitchenettes', 'little room', 'kitchen'),
  trait('newborns | the first months | young infants', 'small child', 'baby'),
  trait('sore gums | first teeth | milk teeth', 'small child', 'baby'),
  trait('family travel | holidays with toddlers | long car rides', 'on the move', 'baby'),
  trait('beginners | first steps | novices', 'training', 'fitness'),
  trait('home workouts | living-room training | indoor drills', 'training', 'fitness'),
  trait('sore muscles | recovery days | stiff legs', 'tired body', 'fitness'),
  trait('back pain | bad posture | an aching spine', 'tired body', 'office'),
  trait('night work | late shifts | dark evenings', 'long days', 'office'),
  trait('long meetings | busy conferences | full calendars', 'long days', 'office'),
  trait('dry soil | drought | thirsty beds', 'ground', 'garden'),
  trait('roses | thorny shrubs | rose beds', 'ground', 'garden'),
  trait('balconies | window sills | roof terraces', 'little room', 'garden'),
];

/** The first is neutral: it is not named in a text. */
export const seasonWords: readonly TraitWords[] = [
  trait('all year | every season | year-round use', 'mild'),
  trait('spring | April days | the thaw', 'mild'),
  trait('summer | hot months | sunny holidays', 'warm'),
  trait('autumn | fall | windy October', 'cold'),
  trait('winter | cold months | snowy days', 'cold'),
];

/** The second is neutral: it is not named in a text. */
export const priceWords: readonly TraitWords[] = [
  trait('budget | low-cost | cheap', 'low'),
  trait('mid-price | regular | standard', 'low'),
  trait('premium | high-end | top-grade', 'high'),
  trait('luxury | deluxe | exclusive', 'high'),
];
