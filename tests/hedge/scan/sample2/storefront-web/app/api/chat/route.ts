import { anthropic } from '@ai-sdk/anthropic';
import { google } from '@ai-sdk/google';
import { createOpenAI, openai } from '@ai-sdk/openai';
import { convertToModelMessages, embedMany, generateObject, streamText } from 'ai';
import { z } from 'zod';

export const maxDuration = 30;

// const model = openai('gpt-3.5-turbo');
const groq = createOpenAI({ baseURL: 'https://api.groq.com/openai/v1', apiKey: process.env.GROQ_API_KEY });
const SUMMARY_MODEL = process.env.SUMMARY_MODEL ?? 'claude-3-5-haiku-20241022';

/** Streams an answer. Default used to be `gpt-4-turbo`. */
export async function POST(req: Request) {
  const { messages, mode, modelId } = await req.json();
  const model =
    mode === 'fast'
      ? groq('llama-3.1-8b-instant')
      : mode === 'custom'
        ? openai(modelId)
        : google('gemini-2.5-pro');

  const result = streamText({
    model,
    system: 'You are a shop assistant. You are not gpt-4o.',
    messages: convertToModelMessages(messages),
  });
  return result.toUIMessageStreamResponse();
}

export async function summarize(text: string) {
  const { object } = await generateObject({
    model: anthropic(SUMMARY_MODEL),
    schema: z.object({ title: z.string(), model: z.string().describe('product model, e.g. WH-1000XM5') }),
    prompt: text,
  });
  return object;
}

export const embed = (values: string[]) =>
  embedMany({ model: openai.textEmbeddingModel('text-embedding-3-small'), values });

export const moderate = (text: string) =>
  fetch('https://api.openai.com/v1/chat/completions', {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
    body: JSON.stringify({ model: process.env.MODERATION_MODEL!, messages: [{ role: 'user', content: text }] }),
  });
