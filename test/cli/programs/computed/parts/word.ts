export const word: string = 'good day'
