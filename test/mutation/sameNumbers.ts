import fc from 'fast-check';

// A mutant that only some random cases find out would make the score another one every time.
fc.configureGlobal({ seed: 20_261_122 });
