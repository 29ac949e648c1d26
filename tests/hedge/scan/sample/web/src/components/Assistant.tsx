'use client';
import { CreateMLCEngine } from '@mlc-ai/web-llm';
import { useEffect, useState } from 'react';
import { pipeline } from '@xenova/transformers';

const SELECTED = 'Llama-3.2-1B-Instruct-q4f16_1-MLC';

export function Assistant({ modelName = 'Xenova/LaMini-Flan-T5-77M' }: { modelName?: string }) {
  const [answer, setAnswer] = useState('');
  useEffect(() => {
    CreateMLCEngine(SELECTED).then((engine) => engine.chat.completions.create({ messages: [] }));
    pipeline('text2text-generation', modelName).then((run) => run('Where is my box?'));
  }, [modelName]);
  return (
    <section>
      {/* powered by Xenova/t5-small until 3.0 */}
      <p>Answers come from google/flan-t5-xl on good days.</p>
      <a href="https://example.org/legal/terms">legal/terms</a>
      <input type="text" accept="image/png" onChange={(event) => setAnswer(event.target.value)} />
      <output>{answer}</output>
    </section>
  );
}
