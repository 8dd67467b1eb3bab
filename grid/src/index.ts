export * from './errors.ts'
export * from './model.ts'
export * from './typed-data.ts'
export * from './units.ts'
