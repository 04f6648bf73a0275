import classes from "./Loop.module.css";

/** What the three kinds of line mean; they differ in form, not only in colour. */
export function Legend() {
  return (
    <span className={classes.legend}>
      <span>
        <svg viewBox="0 0 34 12" width="34" height="12" aria-hidden="true">
          <path d="M0 2h22v8H0z" className={classes.keyband} />
          <path d="M22 0l11 6-11 6z" className={classes.keyband} />
        </svg>
        to the next stage
      </span>
      <span>
        <svg viewBox="0 0 34 12" width="34" height="12" aria-hidden="true">
          <path d="M0 6h24" className={classes.keyline} />
          <path d="M24 1l9 5-9 5z" className={classes.keyband} />
        </svg>
        skipping ahead
      </span>
      <span>
        <svg viewBox="0 0 34 12" width="34" height="12" aria-hidden="true">
          <path d="M0 6h23" className={classes.keyback} />
          <path d="M24 1.5l8 4.5-8 4.5z" className={classes.keyhollow} />
        </svg>
        back
      </span>
    </span>
  );
}
