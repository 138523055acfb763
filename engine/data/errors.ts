/** What can go wrong with data that comes from outside. */

/** A file or an array does not hold what it should: names it, what was expected, what was found. */
export class DataError extends Error {
  /** "DataError" or the subclass's name. */
  override readonly name: string = "DataError";
}

/** The data set is not on this machine and cannot be fetched: says which files to put where. */
export class MissingDataError extends DataError {
  /** "MissingDataError". */
  override readonly name = "MissingDataError";
}
