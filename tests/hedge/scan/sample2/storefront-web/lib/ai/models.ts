import { customProvider, extractReasoningMiddleware, wrapLanguageModel } from 'ai';
import { openai } from '@ai-sdk/openai';
import { xai } from '@ai-sdk/xai';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { gateway } from '@ai-sdk/gateway';
import ollama from 'ollama';

const FAMILY = 'gpt-4.1';
export const TITLE_MODEL = `${FAMILY}-nano` as const;

export const provider = customProvider({
  languageModels: {
    'chat-model': xai('grok-3-mini'),
    'chat-model-reasoning': wrapLanguageModel({
      model: openai('o4-mini'),
      middleware: extractReasoningMiddleware({ tagName: 'think' }),
    }),
    'title-model': openai(TITLE_MODEL),
  },
  imageModels: { 'small-model': openai.image('gpt-image-1') },
});

export const DEFAULT_CHAT_MODEL = 'chat-model';

export interface ChatModel {
  id: string;
  name: string;
  description: string;
}

export const chatModels: ChatModel[] = [
  { id: 'chat-model', name: 'Grok', description: 'Fast answers, similar to gpt-4o' },
  { id: 'chat-model-reasoning', name: 'Reasoning', description: 'Thinks first' },
];

export class ProductSearch {
  private embeddings = new OpenAIEmbeddings({ model: 'text-embedding-3-large', dimensions: 1024 });

  constructor(private llm = new ChatOpenAI({ modelName: 'gpt-4o-mini', temperature: 0 })) {}

  viaGateway = (prompt: string) => ({ model: gateway('anthropic/claude-sonnet-4.5'), prompt });

  async offline(prompt: string, model = 'llama3.2') {
    const res = await ollama.chat({ model, messages: [{ role: 'user', content: prompt }] });
    return res.message.content;
  }
}
