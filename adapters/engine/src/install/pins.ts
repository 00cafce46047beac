/** Exactly what is installed. A new version is a change of this file: the version and hash of every download. */

export interface Wheel {
  readonly name: string;
  readonly version: string;
  /** File name on the package index. */
  readonly file: string;
  readonly sha256: string;
}

/** What one installation is made of. */
export interface Variant {
  readonly id: 'cpu' | 'gpu';
  /** Holds the headers and the two libraries. */
  readonly library: Wheel;
  /** CUDA libraries, at the versions that the library's wheel asks for. */
  readonly companions: readonly Wheel[];
  /** Disk space needed while installing, in GB, rounded up. */
  readonly gigabytes: number;
}

/** A package of npm, taken alone: no script of it runs, and what it depends on does not come along. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly sha256: string;
}

/** The binding's source and tfjs's kernels in JavaScript; one package serves CPU and GPU. */
export const tfjsPackage: NpmPackage = {
  name: '@tensorflow/tfjs-node-gpu',
  version: '4.22.0',
  file: 'tensorflow-tfjs-node-gpu-4.22.0.tgz',
  sha256: 'afd5599ee1662e732c00a0ad1f52a3d001bdc118a1f44bd592a0a0ebf2daa4c7',
};

/** Of the packages that it depends on, the one that its kernels load. */
export const protobufPackage: NpmPackage = {
  name: 'google-protobuf',
  version: '3.21.4',
  file: 'google-protobuf-3.21.4.tgz',
  sha256: '38299bb1802ce06900ea2e43650aded8393cd6a00012ed97ffc716eeab1e1091',
};

export const tensorflowVersion = '2.18.1';

const cudaWheels: readonly Wheel[] = [
  ['cublas', '12.5.3.2', 'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b'],
  ['cuda-cupti', '12.5.82', 'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953'],
  ['cuda-nvcc', '12.5.82', 'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0'],
  ['cuda-nvrtc', '12.5.82', '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd'],
  ['cuda-runtime', '12.5.82', '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115'],
  ['cudnn', '9.3.0.75', '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d'],
  ['cufft', '11.2.3.61', '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8'],
  ['curand', '10.3.6.82', '2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536'],
  ['cusolver', '11.6.3.83', '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b'],
  ['cusparse', '12.5.1.3', '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752'],
  ['nccl', '2.21.5', '8579076d30a8c24988834445f8d633c697d42397e92ffc3f63fa26766d25e0a0'],
  ['nvjitlink', '12.5.82', 'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212'],
].map(([name, version, sha256]) => ({
  name: `nvidia-${name}-cu12`,
  version,
  file: `nvidia_${name.replaceAll('-', '_')}_cu12-${version}-py3-none-manylinux2014_x86_64.whl`,
  sha256,
}));

function tensorflowWheel(name: string, sha256: string): Wheel {
  const tags = 'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64';
  const file = `${name.replaceAll('-', '_')}-${tensorflowVersion}-${tags}.whl`;
  return { name, version: tensorflowVersion, file, sha256 };
}

export const variants: { readonly cpu: Variant; readonly gpu: Variant } = {
  cpu: {
    id: 'cpu',
    library: tensorflowWheel(
      'tensorflow-cpu',
      '810c75d7149d2da0cb2092187817b0dcabb80728ca9f9cf3a61f3f42fadd1298',
    ),
    companions: [],
    gigabytes: 1,
  },
  gpu: {
    id: 'gpu',
    library: tensorflowWheel(
      'tensorflow',
      'c9f87e5d2a680a4595f5dc30daf6bbaec9d4129b46d7ef1b2af63c46ac7d2828',
    ),
    companions: cudaWheels,
    gigabytes: 8,
  },
};
