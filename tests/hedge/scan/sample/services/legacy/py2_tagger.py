# -*- coding: utf-8 -*-
# Still runs on the customs terminal, which has Python 2.7 only.
import cPickle
import sys

from gensim.models import Word2Vec

MODEL_FILE = 'models/words/customs-2016.bin'


def main(argv):
    model = Word2Vec.load_word2vec_format(MODEL_FILE, binary=True)
    print "loaded %d words" % len(model.vocab)
    try:
        lines = open(argv[1]).readlines()
    except IOError, err:
        print >>sys.stderr, "cannot read in/out file:", err
        return 1
    for line in lines:
        print model.most_similar(line.strip())[0][0],
    exec "print 'done'"
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
