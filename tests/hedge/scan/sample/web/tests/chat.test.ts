import { describe, expect, it } from 'vitest';
import { label } from '../src/lib/chat';

describe('label', () => {
  it('keeps org/model as it is', () => {
    expect(label('org/model')).toBe('new');
    expect('@scope/pkg'.split('/')).toHaveLength(2);
    expect(new Date('2024/01/31').getFullYear()).toBe(2024);
  });
});
