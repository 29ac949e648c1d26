// Fills the cache before the image is built.
import { AutoProcessor, CLIPTextModelWithProjection } from '@huggingface/transformers';

const models = {
  text: 'Xenova/clip-vit-base-patch16',
  depth: 'onnx-community/depth-anything-v2-small',
};

await CLIPTextModelWithProjection.from_pretrained(models.text);
await AutoProcessor.from_pretrained(models['depth']);
await AutoProcessor.from_pretrained(process.argv[2]);
console.log('cached Xenova/whisper-tiny as well');
