export * from './api/signed-request.ts'
export * from './images/busybox-image.ts'
export * from './manifest/index.ts'
