export { engines, startEngine, engineStatus, type StartedEngine, type EngineReport } from './start-engine.js';
export { installEngine, type InstallOptions } from './install/install-engine.js';
