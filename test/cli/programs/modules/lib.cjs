// A module in CommonJS, with a module of Node's own.
const { sep } = require('node:path')
module.exports = { sep }
