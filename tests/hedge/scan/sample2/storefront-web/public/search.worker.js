import { AutoProcessor, AutoTokenizer, CLIPTextModelWithProjection, env, pipeline } from '@huggingface/transformers';

env.allowLocalModels = false;
env.backends.onnx.wasm.wasmPaths = '/wasm/';

const CLIP_ID = 'Xenova/clip-vit-base-patch16';
const SENTIMENT = { task: 'sentiment-analysis', model: 'Xenova/distilbert-base-uncased-finetuned-sst-2-english' };
const THEME = 'dark/contrast';

class Extractor {
  static task = 'feature-extraction';
  static model = 'onnx-community/all-MiniLM-L6-v2-ONNX';
  static instance = null;

  static getInstance(progress_callback = null) {
    this.instance ??= pipeline(this.task, this.model, { progress_callback, dtype: 'q8' });
    return this.instance;
  }
}

self.addEventListener('message', async (event) => {
  const { kind, text, model } = event.data;
  switch (kind) {
    case 'embed': {
      const extractor = await Extractor.getInstance((x) => self.postMessage(x));
      self.postMessage(await extractor(text, { pooling: 'mean', normalize: true }));
      break;
    }
    case 'clip': {
      const tokenizer = await AutoTokenizer.from_pretrained(CLIP_ID);
      const encoder = await CLIPTextModelWithProjection.from_pretrained(CLIP_ID, { revision: 'main' });
      await AutoProcessor.from_pretrained(CLIP_ID);
      self.postMessage(await encoder(tokenizer([text], { padding: true })));
      break;
    }
    case 'sentiment':
      self.postMessage(await (await pipeline(SENTIMENT.task, SENTIMENT.model))(text));
      break;
    case 'translate': {
      const translator = await pipeline('translation', 'Xenova/nllb-200-distilled-600M', {
        revision: 'refs/pr/3',
      });
      self.postMessage(await translator(text, { src_lang: 'eng_Latn', tgt_lang: 'deu_Latn' }));
      break;
    }
    case 'custom':
      self.postMessage(await (await pipeline('text-classification', model))(text));
      break;
    default:
      console.error('unknown kind; Xenova/bert-base-uncased is no longer served');
  }
});
