import * as ort from 'onnxruntime-web';
import * as tf from '@tensorflow/tfjs';

const vehicle = { make: 'MAN', model: 'TGX/XXL' };

export async function load() {
  const damage = await ort.InferenceSession.create('/models/damage.onnx', { executionProviders: ['wasm'] });
  const layers = await tf.loadLayersModel('/models/sizes/model.json');
  const page = await fetch('/api/v1/models', { headers: { 'Content-Type': 'application/json' } });
  return { damage, layers, page, vehicle };
}

export async function remote() {
  const url = 'https://huggingface.co/onnx-community/yolov10n/resolve/1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d/onnx/model_q4.onnx';
  const answer = await fetch(url);
  return ort.InferenceSession.create(await answer.arrayBuffer());
}
