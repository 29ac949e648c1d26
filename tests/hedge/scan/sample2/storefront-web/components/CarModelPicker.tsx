'use client';
import { useState } from 'react';

type Car = { make: string; model: string; version?: string };

const CARS: Car[] = [
  { make: 'Volkswagen', model: 'golf-8' },
  { make: 'Tesla', model: 'model-3' },
  { make: 'Audi', model: 'a4/avant', version: 'v2.0-tdi' },
  { make: 'Fiat', model: 'panda:4x4' },
];

export function CarModelPicker({ onSelect }: { onSelect: (car: Car) => void }) {
  const [model, setModel] = useState('golf-8');
  const defaultModel = 'model-3';

  return (
    <select
      data-model="phantom/viii"
      value={model}
      onChange={(e) => {
        setModel(e.target.value);
        const car = CARS.find((c) => c.model === e.target.value);
        if (car) onSelect(car);
      }}
    >
      {CARS.map((c) => (
        <option key={c.model} value={c.model}>
          {c.make} {c.model === defaultModel ? '(popular)' : ''}
        </option>
      ))}
    </select>
  );
}
