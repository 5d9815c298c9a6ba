import type * as vscode from 'vscode';
import type { AppError } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';

/** Where this window stands with its photo folder. The kind is also the value of the context key `photoOrganizer.state`. */
export type SessionState =
  | { readonly kind: 'noFolder' }
  | { readonly kind: 'untrusted'; readonly folder: vscode.WorkspaceFolder }
  | { readonly kind: 'notShared'; readonly folder: vscode.WorkspaceFolder }
  | { readonly kind: 'starting'; readonly folder: vscode.WorkspaceFolder }
  | { readonly kind: 'running'; readonly folder: vscode.WorkspaceFolder; readonly connection: Connection }
  | { readonly kind: 'stopped'; readonly folder: vscode.WorkspaceFolder }
  | { readonly kind: 'failed'; readonly folder: vscode.WorkspaceFolder; readonly error: AppError };

export type SessionStateKind = SessionState['kind'];
