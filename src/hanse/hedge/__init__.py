"""What users do with open models: know which ones they depend on (`scan`), pin them (`lock`), keep them (`mirror`, from
any `source`), and prove on a day that they can go on from what they kept (`drill`). `gguf`
is what the lock and the drill know of that format. Useful to members and to everybody else.
"""
