declare const lib: { readonly sep: string }
export = lib
