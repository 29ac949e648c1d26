/** Names shared by pages. Before: Xenova/bert-base-uncased. */
export const RERANKER = 'jinaai/jina-reranker-v1-tiny-en';
export const WHISPER: string = process.env.NEXT_PUBLIC_WHISPER ?? 'onnx-community/whisper-tiny.en';
export const PAGES = ['docs/models', 'help/contact', 'legal/imprint'];
export const ACCEPT = 'image/png,image/jpeg';
