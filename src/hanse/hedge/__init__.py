"""What users do with open models: know which ones they depend on (`scan`), pin them (`lock`), keep them (`mirror`, from
any `source`), prove on a day that they can go on from what they kept (`drill`), and judge a substitute by their own tasks
(`compare`). `gguf` is what the lock and the drill know of that format; `cut` takes a process off the network. Useful to
members and to everybody else.
"""
