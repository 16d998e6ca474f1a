/** What all pages have around their content: `public/frame.html`, in which a page's own words are filled in. */

interface Page {
  /** Where it is served. */
  readonly path: `/${string}`
  readonly title: string
  /** The id and the word of what it is about: who goes by the keyboard can skip all before it. */
  readonly skip: string
}

/** By name: a page's content, style and script are files of that name. */
const pages: Readonly<Record<string, Page>> = {
  booking: { path: "/", title: "Concert tickets", skip: "seats" },
  machinery: { path: "/machinery", title: "Machinery – Concert tickets", skip: "deployments" }
}

export const pathOf = (name: string): Page["path"] | undefined => pages[name]?.path

/** The whole page of a name. */
export const around = (frame: string, name: string, content: string): string => {
  const words: Readonly<Record<string, string | undefined>> = { ...pages[name], name, content: content.trimEnd() }
  return frame
    .replaceAll(`<a href="${words["path"]}">`, `<a href="${words["path"]}" aria-current="page">`)
    .replace(/\{\{(\w+)\}\}/g, (_, word: string) => words[word] ?? "")
}
