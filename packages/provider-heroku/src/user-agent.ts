/** How we call ourselves to Heroku. */
export const userAgent = "deploy-provider-heroku/0.1";
