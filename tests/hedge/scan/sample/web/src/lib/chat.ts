import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { createOpenAI, openai } from '@ai-sdk/openai';
import { ollama } from 'ollama-ai-provider';
import { generateText, streamText } from 'ai';

const local = new OpenAI({ baseURL: 'http://localhost:11434/v1', apiKey: 'ollama' });
const hosted = new OpenAI();
const gateway = createOpenAI({ baseURL: 'https://gateway.brigantine.example/v1' });

const DEFAULT_MODEL = process.env.CHAT_MODEL || 'llama3.2:3b-instruct-q4_K_M';

export async function ask(question: string, model = DEFAULT_MODEL): Promise<string> {
  const done = await local.chat.completions.create({
    messages: [{ role: 'user', content: question }],
    model,
  });
  return done.choices[0].message.content ?? '';
}

export async function askHosted(question: string): Promise<string> {
  const done = await hosted.chat.completions.create({
    model: "gpt-4o",
    messages: [{ role: 'user', content: question }],
  });
  return done.choices[0].message.content ?? '';
}

export async function askClaude(question: string) {
  return new Anthropic().messages.create({ model: 'claude-3-5-sonnet-latest', max_tokens: 500, messages: [{ role: 'user', content: question }] });
}

export const summary = (prompt: string) => generateText({ model: openai('gpt-4o-mini'), prompt });
export const stream = (prompt: string) => streamText({ model: ollama('mistral-small:22b'), prompt });
export const routed = (prompt: string) => generateText({ model: gateway('Qwen/Qwen2.5-7B-Instruct'), prompt });
export const chosen = (prompt: string) => local.chat.completions.create({ model: process.env.EXPERIMENT_MODEL!, messages: [{ role: 'user', content: prompt }] });

export function label(model: string): string {
  if (model === 'gpt-3.5-turbo') return 'old';
  return model.includes('claude-2') ? 'older' : 'new';
}
