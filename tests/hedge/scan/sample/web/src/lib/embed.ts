import { AutoModel, AutoTokenizer, env, pipeline } from '@huggingface/transformers';
import { pipeline as streamPipeline } from 'node:stream/promises';
import { createReadStream, createWriteStream } from 'node:fs';
import { RERANKER } from './models';

env.localModelPath = '/static/models/';

const ORG = 'Xenova';
const SMALL = 'bge-small-en-v1.5';

export const extractor = await pipeline('feature-extraction', 'Xenova/all-MiniLM-L6-v2', { dtype: 'q8' });
export const classifier = await pipeline(
  'text-classification',
  'Xenova/distilbert-base-uncased-finetuned-sst-2-english',
  { revision: '0b6928b0a8d0c7cfd5f1e3a2b4c6d8e0f1a3b5c7' },
);
export const bge = await pipeline('feature-extraction', `${ORG}/${SMALL}`, { revision: 'main' });

export async function load(org: string, name: string) {
  return AutoModel.from_pretrained(`${org}/${name}`);
}

export async function reranker() {
  // 'Xenova/bge-reranker-large' is too heavy for phones
  return AutoModel.from_pretrained(RERANKER);
}

export const tokenizer = await AutoTokenizer.from_pretrained('Xenova/gpt-4', { legacy: true }); // hanse: ignore

export async function copy(): Promise<void> {
  await streamPipeline(createReadStream('data/in.csv'), createWriteStream('data/out.csv'));
}
